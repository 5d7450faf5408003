"""How the server's interpreter is set up, in processes of their own: it cannot be undone."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from fullcanvas.server.interpreter import HEAPS, SWITCH_SECONDS

HEAPS_OF_THREADS = """
import ctypes, sys, threading
from fullcanvas.server.interpreter import set_up
if sys.argv[1] == "set up":
    set_up()
barrier = threading.Barrier(8)

def work():
    barrier.wait()  # all of them are there at the same time
    kept = [bytes(10_000) for _ in range(100)]
    barrier.wait()
    del kept

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
told = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, told)
libc.fclose(told)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep their heaps otherwise")
def test_threads_share_a_few_heaps(tmp_path):
    counts = []
    for way in ("set up", "left alone"):
        told = tmp_path / f"{way}.xml"
        subprocess.run([sys.executable, "-c", HEAPS_OF_THREADS, way, told], check=True)
        counts.append(told.read_text().count("<heap nr="))
    assert counts[0] <= HEAPS < counts[1]


def test_threads_change_places_often():
    ask = "import sys, fullcanvas.server.interpreter as i; i.set_up(); print(sys.getswitchinterval())"
    answer = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True)
    assert float(answer.stdout) == pytest.approx(SWITCH_SECONDS)
