"""All parts of one running stand-in, put together once."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.stripe.accounts import seed_accounts
from sandbox.stripe.courier import Courier
from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import missing_object
from sandbox.stripe.faults import Faults
from sandbox.stripe.idempotency import IdempotencyKeys
from sandbox.stripe.journal import Journal
from sandbox.stripe.request_check import RequestCheck
from sandbox.stripe.sessions import expire_overdue
from sandbox.stripe.store import Document, Scope, Store

_LOOK_AT_CLOCK_EVERY_S = 5.0


@dataclass
class World:
    store: Store
    courier: Courier
    keys: IdempotencyKeys
    checker: RequestCheck
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    stopping: threading.Event = field(default_factory=threading.Event)
    clock: threading.Thread | None = None

    def desk_of(self, kind: str, object_id: str, base_url: str) -> tuple[Desk, Document]:
        """An object of any account, with a desk of its account. For pages and controls, which have no key."""
        found = self.store.get_with_scope(kind, object_id)
        if found is None:
            raise missing_object(kind, object_id)
        return Desk(self.store, found[1], base_url), found[0]

    def close(self) -> None:
        self.stopping.set()
        if self.clock is not None:
            self.clock.join()
        self.courier.stop()
        self.store.close()

    def keep_time(self) -> None:
        """Expire sessions nobody looks at, so that their event still goes out."""
        while not self.stopping.wait(_LOOK_AT_CLOCK_EVERY_S):
            scopes = [
                Scope(account["id"], live) for account in self.store.oldest_first("account") for live in (False, True)
            ]
            with self.store.transaction():
                expired = sum(expire_overdue(Desk(self.store, scope)) for scope in scopes)
            if expired:
                self.courier.wake()


def build_world(state_dir: Path | None) -> World:
    store = Store(state_dir)
    seed_accounts(store)
    world = World(store, Courier(store), IdempotencyKeys(store), RequestCheck())
    world.clock = threading.Thread(target=world.keep_time, name="stripe-clock", daemon=True)
    world.clock.start()
    return world
