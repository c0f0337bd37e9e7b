"""SGLang's external model package: it imports every module in here and takes the classes named in ``EntryClass``."""
