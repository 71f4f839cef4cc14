"""What no worker may bring to the books any more, because its organisation was left: a person enters it there."""
