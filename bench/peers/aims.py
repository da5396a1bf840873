# What SeekFS wants to reach beside its peers, as ratios of the medians of one run.
"""Aims on warm hits over HTTP and Unix sockets, and on CPU, are tools/bench-http-hits' to measure."""
import dataclasses

BALANCED, LATENCY, FEWEST, LARGE_PAGES = ("SeekFS balanced", "SeekFS latency", "SeekFS fewest-gets",
                                          "SeekFS, 8 MiB pages")
PLAIN, CURL = "plain GETs", "curl --parallel, 16 ranges"
# A curve that is as good as another within this is not below it.
TOLERANCE = 1.05


@dataclasses.dataclass
class Aim:
    """`ratio`: SeekFS to the other; None where one of them was not measured. `at_most`: smaller is better."""

    text: str
    ratio: float | None
    limit: float
    at_most: bool

    @property
    def met(self):
        return None if self.ratio is None else (self.ratio <= self.limit if self.at_most else self.ratio >= self.limit)

    def verdict(self):
        if self.met is None:
            return "not measured"
        if self.met:
            return "met"
        return f"missed by {abs(self.ratio / self.limit - 1):.0%}"


def divide(a, b):
    return None if a is None or not b else a / b


def point(results, peer):
    """(GETs a read, p95 ms) of cold random reads; None when not measured."""
    pair = tuple(results.median(peer, "random", "cold", name) for name in ("gets_per_read", "p95_ms"))
    return None if None in pair else pair


def excess(ours, theirs):
    """The worse of a point's two ratios to another, which may be TOLERANCE when the better one is below 1."""
    better, worse = sorted(own / other for own, other in zip(ours, theirs))
    return worse if better < 1 else max(worse, TOLERANCE + 0.001)


def best(results, peers, case, epoch, name, least=False):
    """(peer, figure) of the best; (None, None) without any."""
    found = [(results.median(peer, case, epoch, name), peer) for peer in peers]
    found = [(value, peer) for value, peer in found if value is not None]
    value, peer = (min if least else max)(found, default=(None, None))
    return peer, value


def aims_of(results, rivals, mounts):
    """`rivals`: names of peers with a cache, ours not among them. `mounts`: those of them that are file systems."""
    return [*curve_aims(results, rivals), *random_aims(results), *sequential_aims(results, rivals), *small_aims(results, rivals),
            *warm_aims(results, mounts)]


def curve_aims(results, rivals):
    aims = []
    policies = [each for each in (LATENCY, BALANCED, FEWEST) if point(results, each)]
    for rival in rivals:
        theirs = point(results, rival)
        if theirs and policies:
            ratio, policy = min((excess(point(results, each), theirs), each) for each in policies)
            aims.append(Aim(f"cold random: {rival} does not lie below the curve (nearest: {policy})", ratio, TOLERANCE, True))
    return aims


def random_aims(results):
    aims = []
    for other in ("s3fs", "geesefs", "mountpoint-s3", LARGE_PAGES):
        for name, unit in (("gets_per_read", "GETs a read"), ("p95_ms", "p95")):
            ratio = divide(results.median(BALANCED, "random", "cold", name), results.median(other, "random", "cold", name))
            aims.append(Aim(f"cold random, balanced: {unit} against {other}", ratio, 1.0, True))
    aims.append(Aim("cold random, latency: p95 against plain GETs",
                    divide(results.median(LATENCY, "random", "cold", "p95_ms"), results.median(PLAIN, "random", "cold", "p95_ms")),
                    1.5, True))
    aims.append(Aim("cold random, fewest-gets: GETs a read against s3fs",
                    divide(results.median(FEWEST, "random", "cold", "gets_per_read"),
                           results.median("s3fs", "random", "cold", "gets_per_read")), 0.5, True))
    return aims


def sequential_aims(results, rivals):
    ours = results.median(BALANCED, "sequential", "cold", "mb_per_second")
    rival, rate = best(results, rivals, "sequential", "cold", "mb_per_second")
    curl = results.median(CURL, "sequential", "cold", "mb_per_second")
    first = Aim(f"cold sequential, 1 reader: against the best rival ({rival or 'none measured'})", divide(ours, rate), 1.3, False)
    second = Aim("or: against curl --parallel with 16 ranges", divide(ours, curl), 0.9, False)
    return [first, second]


def small_aims(results, rivals):
    rival, rate = best(results, rivals, "small", "warm", "files_per_second")
    return [Aim("cold small files one by one: against plain GETs",
                divide(results.median(BALANCED, "small", "cold", "files_per_second"),
                       results.median(PLAIN, "small", "cold", "files_per_second")), 0.95, False),
            Aim("cold small files by /readv: against plain GETs, 64 in flight",
                divide(results.median(BALANCED, "batch", "cold", "files_per_second"),
                       results.median(PLAIN, "batch", "cold", "files_per_second")), 0.9, False),
            Aim(f"warm small files by /readv: against the best rival's warm rate ({rival or 'none measured'})",
                divide(results.median(BALANCED, "batch", "warm", "files_per_second"), rate), 3.0, False)]


def warm_aims(results, mounts):
    rival, p95 = best(results, mounts, "random", "warm", "p95_ms", least=True)
    return [Aim(f"warm random 64 KiB, 16 readers: p95 against the best mount ({rival or 'none measured'})",
                divide(results.median(BALANCED, "random", "warm", "p95_ms"), p95), 0.5, True)]
