@api
Feature: Customers cannot access each other's resources
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let competitors be customers of the same platform without hesitation
  Value impact:     No other customer can read, change or even detect a customer's resources
  Strategic impact: A shared platform costs less to run than one per customer

  @API-02 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.published_api @needs.own_database @needs.endpoint_rules
  Rule: A resource of another user looks like one that never existed

    @smoke
    @needs.cloud_accounts
    Scenario Outline: Another customer finds no resource
      Given Acme is <a plan> customer with one of each resource
      And Borealis is an Enterprise customer
      When Borealis tries to access Acme's resources in every way
      Then every response is as if the resource had never existed
      And Acme's data is unchanged
      And the same requests succeed for Acme

      Examples:
        | a plan   |
        | a Free   |
        | an Early |

    @gate
    @needs.colleagues
    @needs.cloud_accounts
    Scenario: A colleague cannot find a private resource
      Given Acme is a Mid customer with one of each resource
      And Ben of Acme is a member
      When Ben of Acme tries to access Acme's resources in every way
      Then every response is as if the resource had never existed
      And Acme's data is unchanged
      And the same requests succeed for Acme
