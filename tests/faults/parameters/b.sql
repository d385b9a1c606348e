SELECT 1;
SELECT '${nothing}';
