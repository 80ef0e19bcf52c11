"""A mail server that takes every mail at once, and writes down when each came.

    sink.py PORT FILE
"""

import asyncio
import sys
import time


async def serve(reader, writer):
    def say(line):
        writer.write(line.encode() + b"\r\n")

    say("220 sink")
    while line := await reader.readline():
        word = line.strip().split(b" ")[0].upper()
        if word == b"EHLO":
            say("250 sink")
        elif word == b"DATA":
            say("354 go on")
            await writer.drain()
            while await reader.readline() not in (b".\r\n", b""):
                pass
            TIMES.write(f"{time.time()}\n")
            TIMES.flush()
            say("250 taken")
        elif word == b"QUIT":
            say("221 bye")
            break
        else:
            say("250 fine")
        await writer.drain()
    writer.close()


async def main(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1 << 20)
    async with server:
        await server.serve_forever()


TIMES = open(sys.argv[2], "a")
asyncio.run(main(int(sys.argv[1])))
