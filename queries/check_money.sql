-- One row an account of the build with money reserved beyond its cap, or by what is no longer under way.
select account, cap, sum(spent + presumed + reserved) as committed, sum(reserved) as reserved
from submissions
group by account, cap
having (sum(reserved) > 0 and sum(spent + presumed + reserved) > cap)
    or sum(reserved) filter (state in ('closed', 'refused', 'void')) > 0;
