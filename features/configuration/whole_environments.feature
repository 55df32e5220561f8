@configuration @nightly
Feature: Every environment runs as a whole
  Segment:          Platform
  Business goal:    Rehearse a release as production will run it
  Value impact:     Customers get what was rehearsed, with the same services and settings
  Strategic impact: Releases are routine, because each has run before

  @CFG-01 @segment.platform
  @needs.configuration @needs.operator @needs.own_services @needs.own_stores
  Rule: All services of an environment read the same layered configuration

    Scenario Outline: Every service of an environment runs on its configuration
      Given the whole <environment> environment runs beside the deployed one
      When each of its services reports its configuration
      Then all of them run on the validated configuration of that environment
      And its operator can log in

      Examples:
        | environment |
        | development |
        | staging     |
        | production  |

    Scenario: An environment variable outlasts every change of the deployment file
      Given the whole development environment runs with the log level "error" in an environment variable
      When its deployment file sets the log level to "debug" and changes the version
      Then all of its services run on its validated configuration in time
