"""What a changelog says that is likely to go wrong, found without a database."""
