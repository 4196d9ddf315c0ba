-- One row: a probe's row as it was imported, every column as it came.
select * exclude (file_row_number)
from read_parquet($file, file_row_number = true)
where file_row_number = $row;
