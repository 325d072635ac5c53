"""The ways in which a command ends early."""


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do.

    The command line prints it to stderr and exits with status 2; every other exception is a bug of ours.
    """


class Stopped(BaseException):
    """A training run was asked to end by a signal and has written its checkpoint.

    Not an Exception, like KeyboardInterrupt, so that nothing on the way catches it by accident.
    """

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(f"stopped at step {step}; run the same command with --resume to go on")
        self.exit_status = 128 + signal_number
