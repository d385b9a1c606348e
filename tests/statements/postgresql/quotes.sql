-- semicolons in every kind of quotation
SELECT 'a;b', 'it''s;', "semi;colon", "dou""ble;" FROM t;
SELECT E'it\'s; \\', e'\\'; SELECT E'a'
  'b\';c';
SELECT U&'\0061;', U&"d\0061;ta" FROM x;
SELECT B'01;', X'1F', N'n;';
SELECT $$;$$, $tag$ ; $$ ; $other$ ; $tag$, $ä$;$ä$;
SELECT a$b$c, $1 + $2 FROM t WHERE x = 'unclosed $$ here'; SELECT 'and $$ there';
SELECT 'ä;ö', '🙂;' ; SELECT 'after the smile'
