-- One row: whether the tables are there; the view is made last.
select count(to_regclass('label_newest')) as there
