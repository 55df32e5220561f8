@configuration @gate
Feature: Environments cannot reach into each other
  Segment:          Platform
  Business goal:    Rehearse with real configurations and without risk
  Value impact:     Customers' data and sessions never meet those of a rehearsal
  Strategic impact: Audits find the separation of environments proved

  @CFG-04 @segment.platform
  @needs.configuration @needs.own_services @needs.own_stores @needs.operator
  Rule: What belongs to one environment is refused by every other

    Scenario: A token of another environment is refused
      Given the development environment runs beside the deployed one
      When the operators of both environments use each other's API
      Then each environment accepts its own operator
      And each environment refuses the other's operator

    Scenario Outline: A service refuses a store of another environment
      Given a candidate of the development environment that uses the deployed <store>
      When the <service> is started with the candidate
      Then the start is refused with every fault, its place, its key and the reason
      And nothing of the started service is left running

      Examples:
        | store           | service           |
        | database        | backend           |
        | database        | analytics service |
        | cache           | auth service      |
        | cache           | worker            |
        | analytics store | analytics service |

    Scenario: The deployed environment refuses a store of another one
      Given the development environment runs beside the deployed one
      And a candidate of the deployed environment that uses the development database
      When the tools service is started with the candidate
      Then the start is refused with every fault, its place, its key and the reason
