"""Text, whatever its script: clean it at intake, fold it, part it into tokens and sentences, inflect names. Pure."""
