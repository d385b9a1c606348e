-- semicolons; in every kind of quotation
SELECT 'a;b', 'it''s;', "semi;colon", `back;tick`, [bra;cket], x'00';
SELECT 'back\'; SELECT 'slash';
INSERT INTO [a b] VALUES ('$$;'), ("dou""ble;"), (`a``;`);
/* not nested /* ; */ SELECT 1;
SELECT 2 -- it's; not a quotation
; /* ; */ ;
SELECT ?1, :a, @b, $c
