@configuration @gate
Feature: A service with missing or invalid settings does not start
  Segment:          Platform
  Business goal:    Find configuration mistakes in seconds
  Value impact:     Customers never meet a service that guesses how it should work
  Strategic impact: Operations scale without people who know every default

  @CFG-10 @segment.platform
  @needs.configuration @needs.own_services @needs.own_database @needs.operator
  Rule: Missing or invalid settings stop the start with a clear message

    Scenario Outline: No service starts without its required settings
      Given a candidate without any required setting
      When the <service> is started with the candidate
      Then the start is refused with every fault, its place, its key and the reason
      And nothing of the started service is left running

      Examples:
        | service           |
        | auth service      |
        | backend           |
        | worker            |
        | tools service     |
        | analytics service |

    Scenario: No required setting has a silent default
      Given a candidate equal to the deployed configuration
      When the backend is started without each required setting in turn
      Then each start is refused and names just the missing setting

    Scenario Outline: Every service names all of its invalid settings
      Given a candidate with faults in its file, its secrets and its variables
      When the <service> is started with the candidate
      Then the start is refused with every fault, its place, its key and the reason

      Examples:
        | service           |
        | auth service      |
        | backend           |
        | worker            |
        | tools service     |
        | analytics service |
