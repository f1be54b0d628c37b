"""An agent that asks a person through the released gohumanloop client; standard input is the person.

The client reads GOHUMANLOOP_API_BASE_URL and GOHUMANLOOP_API_KEY and prints a line where a sync fails.
"""

import asyncio

from gohumanloop import GoHumanLoopManager, HumanLoopResult, HumanLoopStatus, HumanLoopType, TerminalProvider

TASK_ID = "release-7"
OTHER_TASK_ID = "translation/附录 B"
PERSON = "terminal"


async def answered(manager: GoHumanLoopManager, conversation_id: str, request_id: str) -> HumanLoopResult:
    """Wait for the person; looking at an answered request syncs every task."""
    while True:
        result = await manager.async_check_request_status(conversation_id, request_id, PERSON)
        if result.status is not HumanLoopStatus.PENDING:
            return result
        await asyncio.sleep(0.05)


async def ask(
    manager: GoHumanLoopManager, task_id: str, conversation_id: str, kind: HumanLoopType, question: str
) -> str:
    request_id = await manager.async_request_humanloop(
        task_id=task_id,
        conversation_id=conversation_id,
        loop_type=kind,
        context={"message": {"question": question}, "additional": "附加说明"},
        provider_id=PERSON,
    )
    assert isinstance(request_id, str)
    return request_id


async def main() -> None:
    manager = GoHumanLoopManager(additional_providers=[TerminalProvider(name=PERSON)], auto_start_sync=False)

    request = await ask(manager, TASK_ID, "approval", HumanLoopType.APPROVAL, "发布版本7？")
    await answered(manager, "approval", request)

    request = await ask(manager, TASK_ID, "wording", HumanLoopType.CONVERSATION, "How should the notes begin?")
    await answered(manager, "wording", request)
    more = await manager.async_continue_humanloop("wording", {"message": "And end?"}, provider_id=PERSON)
    assert isinstance(more, str)
    await answered(manager, "wording", more)

    request = await ask(manager, OTHER_TASK_ID, "glossary", HumanLoopType.INFORMATION, "Which glossary?")
    await answered(manager, "glossary", request)

    await ask(manager, TASK_ID, "abandoned", HumanLoopType.APPROVAL, "Nobody answers this one.")
    assert await manager.async_cancel_conversation("abandoned")
    await manager.async_data_to_platform()
    await manager.async_shutdown()


asyncio.run(main())
