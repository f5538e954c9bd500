from lowpan.wire.dataset import MESHCOP_NAMES, MeshCopType
from lowpan.wire.mle import MleCommand, TlvType
from lowpan.wire.mle_names import COMMAND_NAMES, TLV_NAMES
from lowpan.wire.network_data import NETWORK_DATA_NAMES, NetworkDataType


def test_every_number_has_a_name_of_its_own() -> None:
    tables: list[tuple[dict[int, str], set[int]]] = [
        (COMMAND_NAMES, {int(number) for number in MleCommand}),
        (TLV_NAMES, {int(number) for number in TlvType}),
        (MESHCOP_NAMES, {int(number) for number in MeshCopType}),
        (NETWORK_DATA_NAMES, {int(number) for number in NetworkDataType}),
    ]
    for names, numbers in tables:
        assert set(names) == numbers
        assert len(set(names.values())) == len(names)
