-- One row: the database's clock, UTC.
select strftime('%Y-%m-%dT%H:%M:%fZ', 'now') as now
