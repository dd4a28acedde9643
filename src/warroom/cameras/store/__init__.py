"""All SQL of the inventory; lists leave as JSON that PostgreSQL wrote."""
