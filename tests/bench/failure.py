"""What stops the script, in the shape of all the project's errors."""


class Failure(Exception):
    def __init__(self, what, hint):
        super().__init__(what)
        self.hint = hint

    def __str__(self):
        return f"error: {self.args[0]}\n  hint: {self.hint}"
