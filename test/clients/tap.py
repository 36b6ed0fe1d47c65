"""How a story written in Python says what it found: one line for each claim, and it goes on after one that does not hold."""
import sys
import traceback


def tell(claims, *arguments):
    """Checks each claim, a function named as one, in order; returns the exit code."""
    failed = 0
    for claim in claims:
        sentence = claim.__name__.replace("_", " ")
        try:
            claim(*arguments)
            print(f"ok - {sentence}", flush=True)
        except Exception as error:  # what does not hold is told, whatever it is
            failed += 1
            traceback.print_exc(file=sys.stdout)
            why = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"not ok - {sentence}: {why[:600]}", flush=True)
    return 1 if failed else 0


def expect(condition, what):
    if not condition:
        raise AssertionError(what)
