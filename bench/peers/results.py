# The figures of all repetitions, and what of them a table shows.
import statistics


class Results:
    """runs[peer][case] is a list of {"cold": figures, "warm": figures or None}; errors[peer][case] the first failure."""

    def __init__(self):
        self.runs, self.errors, self.skipped, self.versions = {}, {}, {}, {}

    def add(self, peer, case, run):
        self.runs.setdefault(peer, {}).setdefault(case, []).append(run)

    def fail(self, peer, case, reason):
        self.errors.setdefault(peer, {}).setdefault(case, reason)

    def values(self, peer, case, epoch, name):
        """One number a repetition."""
        return [run[epoch][name] for run in self.runs.get(peer, {}).get(case, []) if run[epoch] is not None]

    def median(self, peer, case, epoch, name):
        """None where nothing was measured."""
        values = self.values(peer, case, epoch, name)
        return statistics.median(values) if values else None

    def measured(self, case, epoch):
        """Peers that have figures of a case."""
        return [peer for peer, cases in self.runs.items() if any(run[epoch] is not None for run in cases.get(case, []))]

    def to_json(self):
        return {"skipped": self.skipped, "versions": self.versions, "errors": self.errors, "runs": self.runs}
