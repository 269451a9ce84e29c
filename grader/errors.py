"""The one error that a person who runs a command is meant to read."""


class CourseError(Exception):
    """Something that the user can put right: `course` prints it as one line, no traceback."""
