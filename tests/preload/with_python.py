#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""with_python.py - the story of scenario.h with python's selectors and asyncio

with_python.py selectors|asyncio
"""

import asyncio
import os
import selectors
import signal
import socket
import sys

TICKS, TICK, CLIENTS, BYTES = 10, 0.02, 5, 20000
LINE = b"tick\n"


def check_design():
    """The loop runs where epoll-run has put it."""
    design = os.environ.get("EPOLL_RUN_DESIGN")
    links = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink("/proc/self/fd/" + fd))
        except OSError:
            pass
    native = links.count("anon_inode:[eventpoll]")
    device = "/dev/epoll" if design == "devepoll" else "/dev/eventpoll"
    if not design:
        assert native, "there is no epoll instance"
    else:
        # On devepoll the library asks with one of its own.
        assert native <= (design == "devepoll"), "an instance is the kernel's"
        assert device in links, "no descriptor is " + device


async def with_asyncio():
    """Streams, a signal handler, a pipe, a sleep."""
    loop = asyncio.get_running_loop()
    signals, piped = 0, b""
    reader, writer = os.pipe()
    piped_all = loop.create_future()

    def on_signal():
        nonlocal signals
        signals += 1

    def on_pipe():
        nonlocal piped
        data = os.read(reader, 64)
        piped += data
        if not data:
            loop.remove_reader(reader)
            piped_all.set_result(None)

    async def echo(stream, back):
        while data := await stream.read(4096):
            back.write(data)
            await back.drain()
        back.close()

    async def client():
        stream, out = await asyncio.open_connection("127.0.0.1", port)
        out.write(bytes(BYTES))
        assert len(await stream.readexactly(BYTES)) == BYTES
        out.close()
        await out.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop.add_signal_handler(signal.SIGUSR1, on_signal)
    loop.add_reader(reader, on_pipe)
    clients = []
    for _ in range(TICKS):
        before = signals
        await asyncio.sleep(TICK)
        os.kill(os.getpid(), signal.SIGUSR1)
        os.write(writer, LINE)
        clients += [asyncio.create_task(client()) for _ in range(CLIENTS)]
        while signals == before:
            await asyncio.sleep(0.001)
    os.close(writer)
    await asyncio.gather(*clients)
    await piped_all
    check_design()
    assert signals == TICKS, signals
    assert piped == LINE * TICKS, piped
    server.close()


def with_selectors():
    """Sockets and a pipe by hand, with a signal's wake-up descriptor."""
    sel = selectors.EpollSelector()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    wake = socket.socketpair()
    for end in wake:
        end.setblocking(False)
    signal.set_wakeup_fd(wake[1].fileno())
    signal.signal(signal.SIGUSR1, lambda *_: None)
    sel.register(listener, selectors.EVENT_READ, "listener")
    sel.register(reader, selectors.EVENT_READ, "pipe")
    sel.register(wake[0], selectors.EVENT_READ, "signal")
    signals, piped, ended, done, ticks = 0, b"", False, 0, 0
    got, sent = {}, {}

    while not (ended and done == TICKS * CLIENTS and signals == TICKS):
        ready = sel.select(TICK if ticks < TICKS else 20)
        assert ready or ticks < TICKS, "nothing came for 20 s"
        if not ready:
            ticks += 1
            os.kill(os.getpid(), signal.SIGUSR1)
            os.write(writer, LINE)
            for _ in range(CLIENTS):
                sock = socket.create_connection(listener.getsockname())
                sock.setblocking(False)
                got[sock], sent[sock] = 0, 0
                sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, "client")
            if ticks == TICKS:
                os.close(writer)
        for key, events in ready:
            if key.data == "listener":
                sock = listener.accept()[0]
                sock.setblocking(False)
                sel.register(sock, selectors.EVENT_READ, "echo")
            elif key.data == "pipe":
                data = os.read(reader, 64)
                piped += data
                if not data:
                    sel.unregister(reader)
                    ended = True
            elif key.data == "signal":
                signals += len(wake[0].recv(64))
            elif key.data == "echo":
                data = key.fileobj.recv(4096)
                if data:
                    key.fileobj.sendall(data)
                else:
                    sel.unregister(key.fileobj)
                    key.fileobj.close()
            else:
                sock = key.fileobj
                if events & selectors.EVENT_WRITE:
                    sent[sock] += sock.send(bytes(BYTES - sent[sock]))
                    if sent[sock] == BYTES:
                        sel.modify(sock, selectors.EVENT_READ, "client")
                if events & selectors.EVENT_READ:
                    got[sock] += len(sock.recv(65536))
                    if got[sock] == BYTES:
                        sel.unregister(sock)
                        sock.close()
                        done += 1
    check_design()
    assert ticks == TICKS and piped == LINE * TICKS


def main():
    signal.alarm(50 * int(os.environ.get("CK_TIMEOUT_MULTIPLIER", "1")))
    which = sys.argv[1] if len(sys.argv) == 2 else ""
    if which == "asyncio":
        asyncio.run(with_asyncio())
    elif which == "selectors":
        with_selectors()
    else:
        sys.exit(__doc__)
    print("python %s: ok" % which, file=sys.stderr)


main()
