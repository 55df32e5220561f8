@configuration @gate
Feature: Settings change while customers work
  Segment:          Free, Mid, Enterprise and Platform
  Business goal:    Adjust limits without a maintenance window
  Value impact:     Customers keep working while the platform is tuned
  Strategic impact: Operations react in seconds instead of release cycles

  @CFG-09 @segment.free @segment.mid @segment.enterprise @segment.platform
  @needs.configuration @needs.hot_reload @needs.operator
  Rule: A valid change takes effect everywhere in time, an invalid one nowhere

    @needs.rate_limits @needs.plans
    Scenario: A new rate limit holds in every service
      Given Acme is a Free customer
      When the operator lowers the rate limit of the Free plan
      Then Acme is held to the new limit in every service in time
      And no process was restarted

    @needs.accounts
    Scenario: Sign-up is closed and opened without a restart
      When the operator closes sign-up
      Then new customers can no longer sign up in time
      And new customers can sign up once the operator opens it again
      And no process was restarted

    @needs.own_services
    Scenario: A new log level holds in every process
      Given Acme is a Mid customer
      When the operator changes the log level to errors only
      Then no service logs Acme's work any more
      And every service logs Acme's work once the log level is back

    @needs.partner
    Scenario: More worker capacity is used without a restart
      Given Acme is an Enterprise customer
      And Acme has started agents that take all worker capacity
      And Acme has started a usage report that waits for worker capacity
      When the operator raises the worker capacity
      Then Acme's waiting run completes in time
      And no process was restarted

    @needs.own_database @needs.sessions
    Scenario: A smaller database pool is kept to under load
      Given Acme is an Enterprise customer
      And many requests of Acme at once use more than two database sessions
      When the operator changes the database pool to two connections
      Then many requests of Acme at once use at most two database sessions
      And every request under load has succeeded

    @needs.live_events @needs.run_numbers
    Scenario: A change interrupts no request, no run and no connection
      Given four Mid customers
      And every user watches events
      When the operator changes settings five times while every user works
      Then every request under load has succeeded
      And every connection has received all events of its own user's runs in order, and nothing else

    Scenario Outline: An invalid change leaves the old configuration in place
      When the operator deploys <change>
      Then every service refuses the change in time and says why
      And every service still runs on the deployed configuration
      And the next valid change takes effect in time

      Examples:
        | change                                      |
        | a half-written file                         |
        | an invalid value                            |
        | an empty file                               |
        | two signing keys of the same ID             |
        | one key for customers' and services' tokens |

    @needs.own_services
    Scenario Outline: A setting that cannot change while running waits for a restart
      When the operator changes the <setting>
      Then every service that uses the <setting> reports that it must be restarted
      And the same services report the same after another change
      And the restarted services run on the deployed file

      Examples:
        | setting                          |
        | number of cloud requests at once |
        | size of the event window         |
