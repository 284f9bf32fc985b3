"""Why a run does not count, or is not begun."""


class RunFailed(Exception):
    """The run measured nothing: a server did not start, a client was lost, or not everyone converged."""


class GeneratorBusy(RunFailed):
    """The generator had too much to do, and might itself be what was measured."""


class OptionUnusable(Exception):
    """What an option names cannot be used: what came, and what was expected."""
