"""Command lines whose mistakes are answered with the usage and the nearest option, exit 2."""

import argparse
import difflib


class Arguments(argparse.ArgumentParser):
    def __init__(self, command, description, epilog=None):
        super().__init__(prog=command, description=description, epilog=epilog, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    def parse(self, arguments):
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            options = [option for action in self._actions for option in action.option_strings]
            nearest = difflib.get_close_matches(unknown[0].split("=")[0], options, n=1, cutoff=0.5)
            self.error(f"unknown argument '{unknown[0]}'" + (f"; did you mean {nearest[0]}?" if nearest else ""))
        return parsed


def nearest_name(name, names):
    """'; did you mean NAME?' or nothing."""
    nearest = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean '{nearest[0]}'?" if nearest else ""
