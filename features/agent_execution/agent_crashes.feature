@agent_execution
Feature: A crashing agent fails only its own run
  Segment:          Mid and Enterprise
  Business goal:    Let customers run agents of their own without risk to others
  Value impact:     A faulty agent costs its owner one run and other customers nothing
  Strategic impact: A platform is open to third-party agents only if it withstands their faults

  @AEC-05 @segment.mid @segment.enterprise
  Rule: A crashing agent fails only its own run and exposes no internals

    @smoke
    @needs.cloud_accounts
    Scenario: Other runs complete while an agent crashes
      Given Acme is a Mid customer
      And Borealis is an Enterprise customer with servers in the cloud
      When Acme runs an agent that crashes while Borealis runs a cost analysis
      Then Acme's run has failed because of the agent
      And the answer equals the savings in Borealis' own inventory
      And every service is ready

    @gate
    @needs.own_services
    Scenario: The service survives an agent that terminates its process
      Given Acme is a Mid customer with stored usage
      When Acme runs an agent that terminates its process
      Then Acme's run has failed because of the agent
      And every service is ready
      And Acme can finish a usage report

    @gate
    Scenario: An agent whose answer cannot be stored has failed
      Given Acme is an Enterprise customer with stored usage
      When Acme runs an agent whose answer cannot be stored
      Then Acme's run has failed because of the agent
      And Acme can finish a usage report

    @gate
    @needs.live_events
    Scenario Outline: The error of a crashed agent contains no internal details
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs <an agent>
      Then the stored error and the error event of Acme's run show no internal details

      Examples:
        | an agent                                   |
        | an agent that crashes                      |
        | an agent that crashes over a wrong value   |
        | an agent that crashes over a missing entry |
        | an agent that crashes over a missing file  |

    @gate
    @needs.branches @needs.partner
    Scenario: A crashed agent's open requests are aborted
      Given Acme is a Mid customer
      When Acme runs an agent that crashes while a request to the partner is open
      Then Acme's run has failed because of the agent
      And the crashed run's request to the partner is aborted in time

    @gate
    Scenario: Workers on which an agent crashed work for the next customer
      Given Acme is a Mid customer
      And Borealis is a Free customer
      And Acme has run agents that crash on every worker
      When Borealis runs an agent that thinks five times
      Then Borealis' run completes
