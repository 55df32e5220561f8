@configuration @gate
Feature: The effect of a change is known beforehand
  Segment:          Platform
  Business goal:    Plan changes without trial and error
  Value impact:     Customers are never surprised by an unplanned restart
  Strategic impact: Changes can be approved by people who did not write the platform

  @CFG-11 @segment.platform
  @needs.configuration @needs.hot_reload @needs.operator
  Rule: The impact report says what really happens

    @needs.plans @needs.rate_limits @needs.partner @needs.live_events @needs.own_database
    Scenario Outline: A changed setting has the reported impact
      Given a candidate with another <setting>
      When the operator asks for the impact of the candidate
      Then the report says that <services> <take it>
      And exactly this happens when the candidate is deployed

      Examples:
        | setting                          | services                    | take it              |
        | rate limit of the Free plan      | auth, backend and analytics | take it over         |
        | log level                        | every service               | take it over         |
        | worker capacity                  | the worker                  | take it over         |
        | list of allowed websites         | the backend                 | take it over         |
        | token issuer                     | auth, backend and analytics | have to be restarted |
        | number of cloud requests at once | the tools service           | have to be restarted |
        | heartbeat of live events         | every service               | have to be restarted |
        | address of the analytics store   | the analytics service       | have to be restarted |
        | name of the database             | every service               | have to be restarted |
        | number of the cache's database   | every service               | have to be restarted |

    @needs.own_database @needs.partner
    Scenario Outline: A removed setting has the impact of its default value
      Given a candidate without the deployed <setting>
      When the operator asks for the impact of the candidate
      Then the report says that <services> <take it>
      And exactly this happens when the candidate is deployed

      Examples:
        | setting            | services          | take it              |
        | worker capacity    | the worker        | take it over         |
        | database's replica | every service     | take it over         |
        | cloud's address    | the tools service | have to be restarted |

    Scenario: A candidate without changes has no impact
      Given a candidate equal to the deployed configuration
      When the operator asks for the impact of the candidate
      Then the report names no change

    Scenario: The report covers every change of a candidate
      Given a candidate with another value of every setting of the impact table
      When the operator asks for the impact of the candidate
      Then the report names each change and every service to be restarted
      And no secret is shown in the report
