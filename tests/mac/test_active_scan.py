from lowpan.mac.active_scan import beacon_request


def test_it_is_octet_for_octet_what_linux_sends() -> None:
    # the first frame of nl802154-beacons-scan-associate.pcap
    assert beacon_request(0).hex() == "030800ffffffff07"
    assert beacon_request(255).hex() == "0308ffffffffff07"
