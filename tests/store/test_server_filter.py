"""What the queries select of the servers holds all that a filter selects."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from service.store.queries import load_queries
from service.store.read.fleet import FleetStore
from service.store.read.server_filter import ServerFilter
from service.store.read.usage_stats import UsageStore
from tests.support.examples import PROFILE, report
from tests.support.stores import stores

# Near each other, so that networks hold some of them.
ADDRESSES = st.one_of(
    st.integers(0, 1023).map(lambda number: str(IPv4Address((10 << 24) + number))),
    st.integers(0, 255).map(lambda number: str(IPv6Address((0x20010DB8 << 96) + number))),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ADDRESSES, min_size=1, max_size=5, unique=True), ADDRESSES, st.data())
def test_a_network_selects_the_servers_within(
    addresses: list[str], around: str, data: st.DataObject
) -> None:
    longest = 128 if ":" in around else 32
    length = data.draw(st.integers(0, longest) | st.integers(longest - 11, longest))
    network = ip_network(f"{around}/{length}", strict=False)
    with stores() as both:
        for hour, address in enumerate(addresses, start=1):
            both.add(report(hour, profile=PROFILE._replace(ipaddress=address)))
        queries = load_queries()
        fleet = FleetStore(both.database, queries, UsageStore(both.database, queries))
        found = fleet.page(ServerFilter(ipaddress=network), None, 0, 100).servers
        inside = [each for each in addresses if ip_address(each) in network]
        assert [state.record.ipaddress for state in found] == inside
