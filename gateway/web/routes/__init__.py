"""The routes, a file per thing; each declares its roles."""
