"""A plain Flask and psycopg2 application that does what is measured, and no more."""
