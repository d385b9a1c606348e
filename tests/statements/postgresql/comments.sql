/* a; /* nested; */ still; */ SELECT 1; -- one; comment
SELECT 2 -- it's; not a quotation
; /* only a comment; */ ;
;;
-- last; /* not opened
SELECT /* ' */ 3 /* " */;
/*+ SeqScan(t); */ SELECT 4;
SELECT 5 /* the end; */
-- and nothing more;
