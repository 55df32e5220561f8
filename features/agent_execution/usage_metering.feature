@agent_execution
Feature: Each run reports what it used
  Segment:          Mid and Enterprise
  Business goal:    Bill by real use and let customers plan it
  Value impact:     Customers know what a run costs before they run it by the thousand
  Strategic impact: Fair prices need figures that cannot be argued with

  @AEC-10 @segment.mid @segment.enterprise
  Rule: Computing time, data read, working state and tool calls are measured, not guessed

    @gate @timing
    Scenario: Twice the servers take about twice the resources
      Given Acme is an Enterprise customer with two hundred servers in the cloud
      And Borealis is an Enterprise customer with four hundred servers in the cloud
      When Acme and Borealis run a cost analysis in turn, again and again
      Then Borealis' runs used between 1.6 and 2.5 times as much as Acme's of
        | resource       |
        | computing time |
        | data read      |
        | working state  |

    @nightly @timing
    Scenario: Twice the servers take about twice the resources beside other customers' runs, too
      Given Acme is a Mid customer with two hundred servers in the cloud
      And Borealis is an Enterprise customer with four hundred servers in the cloud
      And Cumulus has started an agent that works hard until it is stopped
      When Acme and Borealis run a cost analysis in turn, again and again
      Then Borealis' runs used between 1.6 and 2.5 times as much as Acme's of
        | resource       |
        | computing time |
        | data read      |
        | working state  |

    @gate @timing
    Scenario: Other customers' runs are not counted
      Given Acme is a Mid customer with two hundred servers in the cloud
      And Acme has finished a cost analysis twice
      And Cumulus has started an agent that works hard until it is stopped
      And Dorado has started an agent that works hard until it is stopped
      When Acme runs a cost analysis
      Then Acme's last run used as much as the least of those before, within these bounds, of
        | resource       | times at least | times at most |
        | computing time | 0.1            | 1.8           |
        | data read      | 0.9            | 1.1           |
        | working state  | 0.9            | 1.1           |

    @gate
    Scenario: Waiting is not counted as computing
      Given Acme is a Mid customer with servers in the cloud
      And the partner takes a second to answer
      When Acme runs a cost analysis
      Then the run reports the second as elapsed, but not as computing time
      And the run reports 3 tool calls
