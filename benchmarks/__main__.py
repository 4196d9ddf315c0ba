"""The command line: `python -m benchmarks app` or `pipeline` prints what these take on a build of the card's size."""

import sys
from argparse import ArgumentParser
from importlib import import_module

BENCHMARKS = {"app": "benchmarks.app", "pipeline": "benchmarks.pipeline"}


def main(words: list[str]) -> None:
    """Run the benchmark that `words` name; it prints its tables itself."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="benchmark", required=True, metavar="BENCHMARK")
    modules = {}
    for name, path in BENCHMARKS.items():
        modules[name] = import_module(path)
        modules[name].add_arguments(commands.add_parser(name, help=modules[name].__doc__))
    arguments = parser.parse_args(words)
    modules[arguments.benchmark].run(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
