-- One row: whether the tables are there; the view is made last.
select count(*) as there from sqlite_master where name = 'label_newest'
