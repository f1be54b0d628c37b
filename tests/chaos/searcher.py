"""A client that searches all the time: a document that was once completed is always there, whole and of one make."""

import time
from random import Random
from typing import Any

from shared.errors import DocumentsNotFound
from tests.chaos.expected import judge
from tests.chaos.http_client import Client
from tests.chaos.samples import EVERYWHERE
from tests.chaos.scene import Scene
from tests.chaos.tenant import Tenant

MOST_RESULTS = 50
PAUSE_SECONDS = 0.15
MODES = ("vector", "hybrid", "text")
INVARIANT = "5: one visible set of chunks, complete"


class Searcher:
    """Runs in a thread of its own."""

    def __init__(self, scene: Scene, tenants: list[Tenant], rng: Random) -> None:
        self._scene = scene
        self._tenants = tenants
        self._rng = rng

    def run(self) -> None:
        client = self._scene.client()
        try:
            while not self._scene.stopped.wait(PAUSE_SECONDS):
                tenant = self._rng.choice(self._tenants)
                known = sorted(tenant.visible)
                if known:
                    self._search(client, tenant, self._rng.choice(known))
        finally:
            client.close()

    def _search(self, client: Client, tenant: Tenant, document_id: str) -> None:
        mode, began = self._rng.choice(MODES), time.time()
        body = {"query": EVERYWHERE, "mode": mode, "top_k": MOST_RESULTS, "document_ids": [document_id]}
        status, answer = client.ask("POST", f"/knowledge-bases/{tenant.kb_id}/search", json=body)
        if document_id not in tenant.visible:  # it is being removed
            return
        self._scene.ledger.count("searches")
        problem = f"answered {status}: {answer}" if status != 200 else self._problem(tenant, document_id, answer, mode)
        if problem is not None and document_id in tenant.visible:
            document = self._scene.read(lambda: self._scene.resources.documents.get(document_id))
            runs = self._scene.resources.runs.active_documents([document_id])
            what = f"{mode} search of {document_id}: {problem}"
            self._scene.ledger.violation(INVARIANT, what, records=f"asked at {began:.3f}; {document!r}; {runs!r}")

    def _problem(self, tenant: Tenant, document_id: str, answer: Any, mode: str) -> str | None:
        shown = [str(hit["chunk_id"]) for hit in answer["data"]]
        assert tenant.kb_id is not None
        kb_id, sample = tenant.kb_id, tenant.samples.get(document_id)
        if sample is None:
            return None
        try:
            variants = self._scene.read(
                lambda: self._scene.expectations.variants(document_id, self._scene.resources.knowledge_bases.get(kb_id))
            )
        except DocumentsNotFound:
            return None
        if mode == "text" and shown and any(variant.chunk_ids >= set(shown) for variant in variants.values()):
            return None  # a chunk may lack the word
        return judge(shown, variants, sample)
