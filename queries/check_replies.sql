-- One row a request of the build that has several paid replies, or is done without one, or has one and is not done.
select request, count(replies.request) as replies, any_value(state) as state
from requests full join replies using (request)
group by request
having count(replies.request) <> (coalesce(any_value(state), '') = 'done')::int;
