"""What is asked over HTTP -> answers.  Never changes anything: every page is read only."""
