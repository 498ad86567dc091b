"""The rounds of crash-test: clients ask, the daemon is killed, and what is left is looked at."""

import random
import sys
import time

from clients import Client, Connection, CONVERSATIONS
from faults import Injector, TOLERATED, await_takeover

# A daemon that waits for the state asks for it every second.
TAKEOVER_LIMIT = 4.0
# What a client saw this long before the kill has to have survived it.
FLUSHED_AFTER = 1.0
KEPT_FOR_LATER_ROUNDS = 60

KINDS = ["conversation"] * 3 + ["chain", "plain", "slow", "key", "background", "tools"]


class Round:
    """A daemon that runs until it is killed, and the look at what it left."""

    # What was seen a second before is on disk, unless that failed.
    is_flushed = True

    def __init__(self, test):
        self.test = test
        self.turns = []

    def run(self):
        clients = self.clients(self.test.socket)
        time.sleep(self.moment())
        self.kill(self.test.daemon, clients)
        self.test.check_pages()
        self.test.start_daemon()
        self.look()

    def clients(self, path, tolerated=()):
        numbers, choices = self.test.numbers, self.test.random
        clients = [Client(kind, path, numbers, random.Random(choices.random()), tolerated)
                   for kind in KINDS]
        for client in clients:
            client.start()
        return clients

    def kill(self, daemon, clients):
        test, killed = self.test, time.monotonic()
        daemon.kill()
        daemon.wait()
        for client in clients:
            client.join(30)
            if client.is_alive():
                test.fail("a client hangs after the kill")
            if client.problem:
                test.fail(f"before the kill: {client.problem}")
            test.counts["refusals"] += client.refusals
            for turn in client.turns:
                turn.killed = killed
            self.turns += client.turns

    def moment(self):
        """Seconds until the kill; a third are late enough for text that is a second old."""
        choose = self.test.random
        return choose.uniform(1.1, 2.4) if choose.random() < 1 / 3 else choose.uniform(0, 0.7)

    def look(self):
        test = self.test
        connection = Connection(test.socket)
        for turn in self.turns:
            if turn.is_acknowledged:
                test.acknowledged.append(turn)
                test.check_acknowledged(connection, turn)
                test.check_outputs(turn, may_fail=not self.is_flushed)
            elif turn.id:
                seen_until = turn.killed - FLUSHED_AFTER if self.is_flushed else 0
                test.check_partial(connection, turn, seen_until)
            if turn.params.get("halley", {}).get("idempotency_key"):
                test.check_key(connection, turn)
        for turn in test.random.sample(
                test.acknowledged, min(KEPT_FOR_LATER_ROUNDS, len(test.acknowledged))):
            test.check_acknowledged(connection, turn)
        for name in CONVERSATIONS:
            test.check_conversation(connection, name)
        connection.close()


class FaultyRound(Round):
    """System calls of the daemon fail before it is killed."""

    is_flushed = False

    def run(self):
        test = self.test
        clients = self.clients(test.socket, TOLERATED)
        injector = Injector(test.daemon, test.random)
        if not injector.is_attached:
            test.fail(f"strace did not attach for {injector.what}")
        time.sleep(self.moment())
        failures = len(test.failures)
        self.kill(test.daemon, clients)
        injector.end()
        test.check_pages()
        test.start_daemon()
        self.look()
        test.counts["rounds with faults"] += 1
        if len(test.failures) > failures:
            print(f"crash-test: the fault was {injector.what}", file=sys.stderr, flush=True)


class TwoDaemonRound(Round):
    """A second daemon gets the state when the first is killed, and is killed as well."""

    def run(self):
        test = self.test
        path = str(test.directory / "second.sock")
        second = test.launch(path)
        test.await_socket(path, second)
        waiting = self.clients(path, TOLERATED)
        clients = self.clients(test.socket)
        time.sleep(self.moment())
        self.kill(test.daemon, clients)
        took = await_takeover(
            lambda: Connection(path), lambda it: it.call("conversations.list", {}),
            TAKEOVER_LIMIT)
        if took is None:
            test.fail("the second daemon does not take over")
        time.sleep(self.moment())
        self.kill(second, waiting)
        test.check_pages()
        test.start_daemon()
        self.look()
        test.counts["takeovers"] += 1
