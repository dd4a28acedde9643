"""What evenings came to together: the figures of each share of probes, the ceiling, the losses."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from warroom.app.bench import traffic_scores as scores
from warroom.app.bench.guides import ORACLES

HEADLINE = 0.10
"""The share of probes that is promised for."""


def summed_up(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures over all seeds, those of the share that is promised first."""
    shares = sorted(runs[0]["_by_share"])
    by_share = {f"{share:.2f}": _of_share(runs, share) for share in shares}
    return {
        "seeds": [run["seed"] for run in runs],
        "probe_share": HEADLINE,
        **by_share[f"{HEADLINE:.2f}"],
        **_ceiling(runs, by_share[f"{HEADLINE:.2f}"]["fire_saving_pct"]),
        "by_probe_share": by_share,
    }


def _ceiling(runs: Sequence[dict[str, Any]], saving_pct: float) -> dict[str, Any]:
    """What knowing everything would save, and what of it is lost by what; in points of percent."""
    rows = {
        name: [np.array(run["_oracles"][name]["rows"]).reshape(-1, 4) for run in runs]
        for name in ORACLES
    }
    saved = {
        name: float(np.mean([scores.saving_pct(one[:, 0], one[:, 1]) for one in parts]))
        for name, parts in rows.items()
    }
    low, high = scores.bootstrap_ci95([(one[:, 0], one[:, 1]) for one in rows["present"]])
    trips = np.concatenate(rows["present"])
    free_s = np.concatenate([run["_free_s"] for run in runs])
    usual = [np.array(run["_usual"]["rows"]).reshape(-1, 4) for run in runs]
    usual_pct = float(np.mean([scores.saving_pct(one[:, 0], one[:, 1]) for one in usual]))
    return {
        "ceiling_pct": round(saved["present"], 1),
        "ceiling_ci95": [round(low, 1), round(high, 1)],
        "by_loss": {
            "latency": round(saved["present"] - saved["late"], 1),
            "unknown_edges": round(saved["late"] - saved["seen"], 1),
            "wrong_speeds": round(saved["seen"] - saving_pct, 1),
        },
        "usual_ways_pct": round(usual_pct, 1),
        "ceiling_expected_s": round(float(trips[:, 3].mean()), 1),
        "ceiling_routed_s": round(float(trips[:, 1].mean()), 1),
        "fire_free_roads_s": round(float(free_s.mean()), 1),
    }


def _of_share(runs: Sequence[dict[str, Any]], share: float) -> dict[str, Any]:
    parts = [run["_by_share"][share] for run in runs]
    errors = {
        name: sum(part["errors"][name][0] for part in parts)
        / max(1.0, sum(part["errors"][name][1] for part in parts))
        for name in ("all", "known", "free_flow")
    }
    known = sum(p["errors"]["known"][1] for p in parts) / sum(p["errors"]["all"][1] for p in parts)
    found = [seconds for part in parts for seconds in part["found"]]
    times = [seconds for seconds in found if seconds is not None]
    main = [
        seconds
        for part in parts
        for seconds, is_main in zip(part["found"], part["on_main"], strict=True)
        if is_main
    ]
    hours = sum(part["hours"] for part in parts)
    trips = [np.array(part["trips"]["rows"]).reshape(-1, 4) for part in parts]
    pairs = [(rows[:, 0], rows[:, 1]) for rows in trips]
    savings = [scores.saving_pct(*pair) for pair in pairs]
    low, high = scores.bootstrap_ci95(pairs)
    return {
        "speed_mae_kmh": round(errors["all"], 2),
        "speed_mae_known_kmh": round(errors["known"], 2),
        "speed_mae_free_flow_kmh": round(errors["free_flow"], 2),
        "edges_known_pct": round(100.0 * known, 1),
        "jams": len(found),
        "detection_rate": round(len(times) / max(1, len(found)), 3),
        "jams_main": len(main),
        "detection_rate_main": round(sum(one is not None for one in main) / max(1, len(main)), 3),
        "alarms": sum(part["raised"] for part in parts),
        "false_alarms_per_hour": round(sum(part["false"] for part in parts) / hours, 2),
        "false_alarms_elsewhere_per_hour": round(sum(part["far"] for part in parts) / hours, 2),
        "time_to_detect_s": round(float(np.mean(times)), 1) if times else None,
        "time_to_detect_s_p50": round(float(np.median(times)), 1) if times else None,
        "fire_trips": sum(len(rows) for rows in trips),
        "fire_static_s": round(float(np.concatenate(trips)[:, 0].mean()), 1),
        "fire_routed_s": round(float(np.concatenate(trips)[:, 1].mean()), 1),
        "fire_other_way_pct": round(100.0 * float(np.concatenate(trips)[:, 2].mean()), 1),
        "fire_unfinished": [
            sum(part["trips"]["unfinished"][at] for part in parts) for at in (0, 1)
        ],
        "fire_turned": sum(part["turned"] for part in parts),
        "fire_saving_by_seed_pct": [round(saving, 1) for saving in savings],
        "fire_saving_pct": round(float(np.mean(savings)), 1),
        "fire_saving_ci95": [round(low, 1), round(high, 1)],
        "cycle_ms": round(float(np.median([part["cycle_ms"] for part in parts])), 1),
    }
