@agent_execution
Feature: Each run reports what it used
  Segment:          Mid and Enterprise
  Business goal:    Bill by real use and let customers plan it
  Value impact:     Customers know what a run costs before they run it by the thousand
  Strategic impact: Fair prices need figures that cannot be disputed

  @AEC-10 @segment.mid @segment.enterprise
  @needs.usage_metering @needs.cloud_accounts
  Rule: CPU and elapsed time, data, state and tool calls are measured

    @gate @timing
    Scenario: Twice the servers use about twice the resources
      Given Acme is an Enterprise customer with three hundred servers in the cloud
      And Borealis is an Enterprise customer with six hundred servers in the cloud
      When Acme and Borealis run a cost analysis in turn, several times each
      Then Borealis' runs used these multiples of what Acme's used
        | resource    | at least | at most |
        | CPU time    | 1.6      | 2.5     |
        | data read   | 1.95     | 2.05    |
        | agent state | 1.95     | 2.05    |

    @nightly @timing
    Scenario: Twice the servers use about twice the resources while another run computes
      Given Acme is a Mid customer with two hundred servers in the cloud
      And Borealis is an Enterprise customer with four hundred servers in the cloud
      And Cumulus has started an agent that computes until it is stopped
      When Acme and Borealis run a cost analysis in turn, several times each
      Then Borealis' runs used these multiples of what Acme's used
        | resource    | at least | at most |
        | CPU time    | 1.6      | 2.5     |
        | data read   | 1.95     | 2.05    |
        | agent state | 1.95     | 2.05    |

    @gate @timing
    Scenario: Other customers' runs are not counted
      Given Acme is a Mid customer with two hundred servers in the cloud
      And Acme has run two cost analyses
      And Cumulus has started an agent that computes until it is stopped
      And Dorado has started an agent that computes until it is stopped
      When Acme runs a cost analysis
      Then Acme's last run used these multiples of the lowest figure of the earlier runs
        | resource    | at least | at most |
        | CPU time    | 0.1      | 1.8     |
        | data read   | 0.9      | 1.1     |
        | agent state | 0.9      | 1.1     |

    @gate @exclusive
    @needs.own_services
    Scenario: What runs read at the same time is counted for each alone
      Given Acme is an Enterprise customer with six hundred servers in the cloud
      And Borealis is a Mid customer with two hundred servers in the cloud
      And Acme has run a cost analysis
      When Acme and Borealis run a cost analysis each, and the cloud answers both at the same time
      Then Acme's last run used these multiples of the lowest figure of the earlier runs
        | resource  | at least | at most |
        | data read | 0.95     | 1.05    |

    @gate
    @needs.partner
    Scenario: A run reports its tool calls, and waiting as elapsed time only
      Given Acme is a Mid customer with servers in the cloud
      And the partner takes a second to respond
      When Acme runs a cost analysis
      Then the run reports the wait as elapsed time, but not as CPU time
      And the run reports 3 tool calls

    @gate
    @needs.partner
    Scenario: What a failed tool call has read is counted, too
      Given Acme is a Mid customer
      When Acme runs an agent whose tool reads a large document and then fails
      Then the run reports the large document as data read

    @gate
    @needs.delegation
    Scenario: What an agent's delegates read is counted, too
      Given Acme is a Mid customer with servers in the cloud and stored usage
      And Acme has run a cost analysis
      When Acme runs a savings review
      Then Acme's last run used these multiples of the lowest figure of the earlier runs
        | resource  | at least | at most |
        | data read | 0.9      | 1.5     |

    @gate
    Scenario: The agent state is reported as it was at its largest
      Given Acme is a Mid customer
      When Acme runs an agent whose state grows and shrinks
      Then the run reports the large agent state
