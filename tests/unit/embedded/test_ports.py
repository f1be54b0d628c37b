import socket

import pytest

from shared.embedded.errors import PortTaken
from shared.embedded.ports import LOOPBACK, free_port, is_free, require_free


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server((LOOPBACK, free_port())) as server:
        assert server.getsockname()[0] == LOOPBACK


@pytest.mark.parametrize("address", [LOOPBACK, ""], ids=["loopback", "every address"])
def test_a_port_that_somebody_listens_on_is_refused_by_number(address: str) -> None:
    with socket.create_server((address, free_port())) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(PortTaken, match=f"port {port} is taken.*FLOWER_PORT="):
            require_free(port, variable="FLOWER_PORT")
