@agent_execution
Feature: A hanging run is ended at its time limit
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep one stuck partner service from becoming a support case
  Value impact:     Customers wait no longer than they agreed to, and know why
  Strategic impact: Bounded waiting lets us promise service levels

  @AEC-04 @segment.early @segment.mid @segment.enterprise
  @needs.time_limits
  Rule: A run past its time limit ends, is reported, frees its worker

    @gate
    @needs.live_events
    @needs.partner
    Scenario: The customer is notified when the time limit has passed
      Given Acme is an Early customer with stored usage
      And Acme watches events
      When Acme starts an agent that hangs past its time limit
      Then Acme is notified in time that the run took too long
      And the run is stored as timed out
      And Acme can finish a usage report

    @gate
    @needs.live_events
    @needs.partner
    Scenario Outline: An agent that cannot be interrupted is ended, too
      Given Acme is an Early customer
      And Acme watches events
      When Acme starts <an agent>
      Then Acme is notified in time that the run took too long
      And the run is stored as timed out

      Examples:
        | an agent                                            |
        | an agent that blocks its worker past its time limit |
        | an agent that ignores its time limit                |
        | an agent that answers when its time is over         |

    @gate
    @needs.configuration @needs.hot_reload @needs.operator @needs.live_events @needs.own_time_limits @needs.partner
    Scenario: No customer can exceed the platform's time limit
      Given Acme is an Early customer
      And Acme watches events
      And the operator has lowered the time limit of all runs
      When Acme starts an agent that hangs, with a time limit of a day
      Then Acme is notified in time that the run took too long
      And the run is stored as timed out

    @gate
    @needs.conversations @needs.own_time_limits @needs.partner
    Scenario: A conversation goes on after a run has timed out
      Given Acme is an Early customer
      And Acme has run an agent that hangs past its time limit
      When Acme runs an agent that calls a tool on every worker in the same conversation
      Then every later run of Acme completes

    @gate
    @needs.own_time_limits @needs.partner
    Scenario: Waiting for a worker does not count towards the time limit
      Given Acme is an Early customer with stored usage
      And Borealis is an Enterprise customer
      And Borealis has started agents that take all worker capacity
      And Acme has started a usage report with a time limit that waits for worker capacity
      When Borealis' agents end after longer than that time limit
      Then Acme's run completes

    @gate
    @needs.partner
    Scenario Outline: Hanging runs on every worker do not stop other customers
      Given Acme is a Mid customer
      And Borealis is an Enterprise customer with stored usage
      And Acme has started more agents that <hang> their time limit than the workers can run
      When Borealis starts a usage report
      Then Borealis' run completes in time
      And the answer equals the totals of Borealis' own usage

      Examples:
        | hang      |
        | hang past |

      @needs.separate_workers
      Examples: Blocked workers
        | hang                |
        | block a worker past |
