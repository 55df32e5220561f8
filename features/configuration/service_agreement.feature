@configuration @gate
Feature: Services that depend on each other agree
  Segment:          Platform
  Business goal:    Find contradictions between services before customers do
  Value impact:     No customer is refused because two services were configured differently
  Strategic impact: Services can be deployed by different teams

  @CFG-03 @segment.platform
  @needs.configuration @needs.own_services @needs.own_database @needs.operator
  Rule: A service that contradicts another refuses to start and says why

    Scenario Outline: A service with contradicting settings does not start
      Given a candidate with another <setting> than the running services
      When the <service> is started with the candidate
      Then the start is refused and the message names both sides
      And nothing of the started service is left running

      Examples:
        | setting                          | service           |
        | token issuer                     | backend           |
        | token issuer                     | auth service      |
        | token audience                   | analytics service |
        | address of the auth service      | tools service     |
        | port of the auth service         | backend           |
        | address of the analytics service | worker            |

    Scenario: A service with the same settings starts
      Given a candidate equal to the deployed configuration
      When one more backend is started with the candidate
      Then the new backend becomes ready in time
