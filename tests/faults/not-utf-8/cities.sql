INSERT INTO cities
VALUES ('Zürich');
