@configuration
Feature: All services run on one layered configuration
  Segment:          Platform
  Business goal:    Deploy the same platform to every environment
  Value impact:     What was tested is what customers get, because only the intended settings differ
  Strategic impact: A new environment is one configuration file

  @CFG-01 @segment.platform
  @needs.configuration @needs.operator
  Rule: Settings mean the same in every environment and in every service

    @smoke
    Scenario: All services run on the deployed configuration
      When the operator validates the deployed configuration
      Then the configuration is valid
      And every service reports the version and checksum of the validated configuration

    @gate @needs.hot_reload
    Scenario: A secrets directory overrides the deployment file in every service
      Given the deployment file sets the version to "weak"
      When the secrets directory sets the version to "strong"
      Then every service reports the version "strong" in time

    @gate @needs.own_services
    Scenario Outline: A stronger layer overrides a weaker one
      Given a candidate whose <weaker> sets the log level to "error"
      And a candidate whose <stronger> sets the log level to "warning"
      When the operator shows the candidate
      Then the effective log level is "warning", from the <stronger>

      Examples:
        | weaker            | stronger             |
        | deployment file   | secrets directory    |
        | secrets directory | environment variable |
        | deployment file   | environment variable |

    @gate
    Scenario: Environments differ only in settings that may differ
      When the operator shows the configuration of each environment
      Then all four environments have the same settings of the same types
      And they differ only in settings that may differ between environments
