import json
from types import SimpleNamespace
from typing import Any

from fullcanvas.learning.progress import JsonListener


def test_a_resumed_run_keeps_of_its_log_what_it_will_not_say_again(tmp_path):
    path, curve = tmp_path / "log.jsonl", [0.5]
    kept = [{"step": 10, "curve": curve}, {"step": 20, "loss": 1.0}]
    # The validation at step 20 was logged, but the checkpoint after it was never written.
    repeated = [{"step": 20, "curve": curve}, {"step": 30, "loss": 0.9}]
    broken_off = '{"step": 40, "lo'
    path.write_text("\n".join([*map(json.dumps, kept + repeated), broken_off]))
    resumed: Any = SimpleNamespace(step=20, validated=10)
    JsonListener(path, resumed)
    assert [json.loads(line) for line in path.read_text().splitlines()] == kept
