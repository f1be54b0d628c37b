"""Tickets with which a browser opens a live stream."""

from fastapi import APIRouter, Response

from api import examples
from api.dependencies import OpenResources
from api.operations import operation
from api.schemas.base import Data
from api.schemas.stream_tickets import StreamTicketView
from shared.services import stream_tickets

router = APIRouter(prefix="/stream-tickets", tags=["sync tasks"])


@router.post(
    "",
    status_code=201,
    **operation(
        "create_stream_ticket",
        summary="创建实时流票据",
        description=(
            "Make a ticket that stands for the caller's key in the URL of a live stream (`?ticket=...`), for clients "
            "that can send no header there: a browser's EventSource and WebSocket. It opens streams only, as often as "
            "wanted while it lives, and no longer than its key."
        ),
        examples={201: {"created": examples.STREAM_TICKET}},
    ),
)
def create_stream_ticket(response: Response, resources: OpenResources) -> Data[StreamTicketView]:
    response.headers["Cache-Control"] = "no-store"
    return Data(data=StreamTicketView.of(stream_tickets.create(resources)))
