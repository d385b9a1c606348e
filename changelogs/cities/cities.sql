-- Where the shop delivers to. A semicolon in a name or in a comment; like this one; does no harm.
INSERT INTO cities (id, name, country) VALUES
  (1, 'Lisboa', 'PT'),
  (2, 'København', 'DK'),
  (3, 'Kraków', 'PL');

INSERT INTO cities (id, name, country) VALUES
  (4, 'Gent', 'BE'),
  (5, 'L''Aquila', 'IT'),
  (6, 'Brno; the old town', 'CZ');
