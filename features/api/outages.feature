@api
Feature: Failures are explained without showing the inside
  Segment:          Free, Mid and Enterprise
  Business goal:    Let support answer the question what went wrong from the answer's own words
  Value impact:     A customer can tell what may help, and an attacker learns nothing
  Strategic impact: How a product fails is part of what security reviews look at

  @API-07 @segment.free @segment.mid @segment.enterprise
  Rule: A failure has a stable name and its request's number, shows nothing of the inside, and the log has the rest

    @gate @exclusive
    Scenario Outline: What lies behind the doors fails
      Given Acme is <a plan> customer who owns one of everything
      When Acme tries the doors that need it while <something is broken>
      Then each failure is told to be a passing one, under its request's number
      And no answer shows anything of the inside
      And the log has the detail of each failure under the same number
      And Acme's own token opens every door that is there for owners

      Examples:
        | a plan        | something is broken                              |
        | a Mid         | the database cannot be reached                   |
        | an Enterprise | the database breaks off whatever it is asked     |
        | a Free        | the store of finished work cannot be reached     |
        | a Mid         | what the services share cannot be reached        |
        | an Enterprise | what the services share gives no answer          |

    @smoke
    Scenario: What is stored makes no sense
      Given Acme is a Mid customer who owns one of everything
      When Acme looks at what has been spoilt in the database
      Then each failure is told to be a fault of ours, under its request's number
      And no answer shows anything of the inside
      And the log has the detail of each failure under the same number
