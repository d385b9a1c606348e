# a; comment
SELECT 'a\';b', "c\";d", `e;f`, 'g'';h', _utf8mb4'i;j'; -- a; comment
SELECT 5--3; SELECT 6 -- ;
; /*! SET a = 1; */; /*+ HINT(;) */ SELECT 7 /* ; /* */;
