"""`bin/bench`: what the suite itself costs, each figure beside a bare reference measured in the same run."""
