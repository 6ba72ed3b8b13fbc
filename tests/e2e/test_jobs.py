"""Thousands of numbers added on the deployed stack: by the command line, which waits, beside another caller."""

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.customer import Customer


def test_two_jobs_on_one_range_add_each_number_once(customer: Customer) -> None:
    """GIVEN a number that is reserved WHEN an operator and a program add its range THEN each number has one creator."""
    assert customer.have("numbers", {"numbers": ["+4930500"]}).status == 200
    assert customer.do("reserve", "+4930500", {"for_whom": "ann"}).status == 200
    before = customer.look("+4930500")
    ends = {"first": "+4930000", "last": "+4932499"}

    with ThreadPoolExecutor() as pool:
        theirs = pool.submit(customer.job, ends)
        mine = customer.operate("numbers", "add", "--range", ends["first"], ends["last"], "--json").json["job"]
    other = theirs.result()

    assert (mine["state"], other["state"]) == ("finished", "finished")
    assert mine["created"] + other["created"] == 2499
    assert mine["existed"] + other["existed"] == 2501
    assert customer.look("+4930500") == before
    existed = customer.operate("jobs", "outcomes", mine["id"], "--outcome", "existed", "--all", "--json").json
    assert len(existed["outcomes"]) == mine["existed"]
    assert customer.look("+4932499")["created_by"] in {f"job:{mine['id']}", f"job:{other['id']}"}
